/**
 * Tensors apart from any network: {@link diffsvc.tensor.Npz} reads and writes NumPy's files,
 * {@link diffsvc.tensor.Summary} describes a tensor in a line, {@link diffsvc.tensor.GraphScalar} is a number that a
 * gradient may refer to.
 */
package diffsvc.tensor;
