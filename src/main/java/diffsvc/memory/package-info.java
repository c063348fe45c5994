/**
 * What fits into memory. In: the {@link diffsvc.tensor.Cost} of each network, frames, a limit. Out: a batch for each
 * network, the longest slice of a conversion. Opens no file. Read {@link diffsvc.memory.Plan}.
 */
package diffsvc.memory;
