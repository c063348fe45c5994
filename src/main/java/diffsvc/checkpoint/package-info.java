/**
 * Files of weights. {@link diffsvc.checkpoint.TorchFile} reads and writes PyTorch's zip format with an own small pickle reader and writer that
 * never runs code; {@link diffsvc.checkpoint.Weights} compares what a network wants with what a file has and copies it;
 * {@link diffsvc.models.ModelFiles} knows in which folder a model's files lie.
 */
package diffsvc.checkpoint;
