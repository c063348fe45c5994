/**
 * Files of weights. In: .pt, .ckpt, .pth, .safetensors and CTranslate2's model.bin. Out:
 * {@link diffsvc.checkpoint.Weights} of a network, and files of the first two formats.
 * {@link diffsvc.checkpoint.TorchFile} reads the two formats of PyTorch and writes the newer one, with a small pickle
 * reader and writer that never run code; {@link diffsvc.checkpoint.Safetensors} reads and writes the other;
 * {@link diffsvc.checkpoint.Weights} compares the tensors that a network needs with those of a file and copies them;
 * {@link diffsvc.checkpoint.Divider} divides a combined checkpoint into its two models and merges them again.
 */
package diffsvc.checkpoint;
