{{ config(pre_hook="{{ rewind() }}") -}}

{{ next_batch() }}
