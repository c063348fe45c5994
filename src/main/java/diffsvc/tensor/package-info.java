/** What networks need beside the engine's own calls. Read {@link diffsvc.tensor.Constant}. */
package diffsvc.tensor;
