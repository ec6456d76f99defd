"""What an evaluation says and how it is computed: metrics, thresholds, result files (ME-*, SN-*, ES-*)."""
