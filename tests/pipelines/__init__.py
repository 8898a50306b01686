"""Scripts as people write them with DScribe, quippy and featomic: each a function of the package to import from.

With the name of the peer they are what such scripts are; with that of the drop-in, the same with one import changed.
Each returns arrays by name. `tests/golden/make_pipelines.py` stores what the peers give.
"""
