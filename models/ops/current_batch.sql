{{ config(pre_hook=["{{ rewind() }}", "{{ clear_counts() }}"]) -}}

{{ next_batch() }}
