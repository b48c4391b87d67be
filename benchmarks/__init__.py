"""Speed and memory of the whole product, beside floors that are measured in the same run. `make bench`."""
