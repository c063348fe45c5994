/**
 * What shaped a model and how it is to be used: {@link diffsvc.hparams.Hparams}, records by scope, read from YAML
 * ({@link diffsvc.hparams.HparamsYaml}), changed by {@link diffsvc.hparams.Arg2Hparams}.
 * {@link diffsvc.hparams.ProjectPaths} is the one place where a relative path becomes absolute.
 */
package diffsvc.hparams;
