/**
 * Files of weights. {@link diffsvc.checkpoint.TorchFile} reads PyTorch's two formats and writes the newer one, with an
 * own small pickle reader and writer that never run code; {@link diffsvc.checkpoint.Weights} compares what a network
 * wants with what a file has and copies it; {@link diffsvc.checkpoint.Divider} takes a combined checkpoint apart and
 * puts it together again.
 */
package diffsvc.checkpoint;
