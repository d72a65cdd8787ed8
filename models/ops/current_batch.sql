{{ config(pre_hook=["{{ check_contract() }}", "{{ rewind() }}", "{{ forget_built() }}"]) -}}

{{ next_batch() }}
