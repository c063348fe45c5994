/**
 * What each of the seven models costs in memory, and what fits. In: sizes of the networks, frames, a limit. Out: bytes
 * by part, a batch for each model. Read {@link diffsvc.memory.Cost}, then {@link diffsvc.memory.Plan}.
 */
package diffsvc.memory;
