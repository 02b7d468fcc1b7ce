"""The centre's own files: YAML and logs in, models out; every refusal says where and why."""
