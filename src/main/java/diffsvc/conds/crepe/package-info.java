/**
 * F0 by a convolutional network on windows of 64 ms. In: a signal at the voice's rate. Out:
 * {@link diffsvc.conds.F0Track} on the mel's frames. Read {@link diffsvc.conds.crepe.Crepe} (the network), then
 * {@link diffsvc.conds.crepe.CrepePitch} (probabilities to F0).
 */
package diffsvc.conds.crepe;
