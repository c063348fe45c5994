/**
 * Times the stages of a conversion and the training step at the published sizes, with random weights. In: seconds of
 * sound. Out: seconds of work by stage. Read {@link diffsvc.bench.Bench} first.
 */
package diffsvc.bench;
