/**
 * All settings: {@link diffsvc.hparams.Hparams}, one record per scope, whose defaults stand with comments in
 * {@code base.yaml}. In: YAML ({@link diffsvc.hparams.HparamsYaml}), {@code --hparams} on the command line
 * ({@link diffsvc.hparams.Arg2Hparams}), typed edits from Java. Out: the scope that a stage needs. Read Hparams first.
 *
 * <p>{@link diffsvc.hparams.ProjectPaths} is the one place where a relative path becomes absolute.
 */
package diffsvc.hparams;
