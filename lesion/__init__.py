"""What the stages share. One folder for each kind of work, and few modules beside them.

config      settings, paths and the registry of networks      options   the options of every stage
records     what the stages write and the report reads        store     files: whole, fingerprinted, locked
prepared    data/: the prepared images and their index        runs      runs/: one folder for each network
preview     pictures of the prepared data                     console, errors

sources/    photographs come in: the Hub, folders, parquet files, the drawn sample
images/     one photograph, from bytes to a clean square; NumPy and OpenCV only
groups/     which photographs show one lesion, and the split
baselines/  what colour alone scores; scikit-learn only
networks/   build and train the networks; TensorFlow is here and in explain/
evaluation/ numbers from predictions; no TensorFlow
explain/    Grad-CAM
report/     from the stages' files to one page; no TensorFlow
studies/    measurements beside the experiment: the leak, the benchmark

Imports run one way, and import-linter keeps it: scripts -> studies -> explain -> networks -> evaluation -> the modules
here; report -> evaluation; groups -> images; sources -> the modules here.
"""

__version__ = "1.0.0"  # CITATION.cff has the same
