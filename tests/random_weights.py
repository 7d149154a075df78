"""Networks with random weights whose signals neither vanish nor grow, as those of trained ones do not."""

import keras
import numpy as np

from lesion.networks import models


def with_random_weights(name, batch):
    """Build a network whose signals neither vanish nor grow on this batch, and whose head has biases."""
    keras.utils.set_random_seed(3)
    model = models.build(name, batch.shape[1])
    for layer in models.batch_normalizations(model):
        layer.momentum = 0.0  # takes over the statistics of the batch
    model(batch, training=True)
    random = np.random.default_rng(3)
    for layer in (model.get_layer("dense"), model.get_layer(models.LOGIT)):
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, random.normal(0, 0.05, bias.shape)])
    return model
