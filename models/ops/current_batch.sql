{{ config(pre_hook=["{{ check_contract() }}", "{{ rewind() }}", "{{ clear_counts() }}"]) -}}

{{ next_batch() }}
