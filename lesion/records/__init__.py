"""What the stages write as JSON and the report reads: one dataclass for each kind of record.

`store.write_record` and `store.read_record` turn them into files and back; the order of the fields is that in the file.
A path in a record is relative to the folder of its file; the report replaces paths of pictures by data URIs.
"""
