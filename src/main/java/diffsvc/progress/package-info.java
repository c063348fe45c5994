/**
 * The progress of a piece of work. {@link diffsvc.progress.Progress} is the one listener of sampling, songs,
 * preprocessing and training: the current stage with its units done, each stage that has ended, and notes. Console bars
 * and notebook bars implement it.
 */
package diffsvc.progress;
