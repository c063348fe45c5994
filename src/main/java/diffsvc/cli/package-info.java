/**
 * The launcher's commands, one class each. They print one line a stage and turn a {@link diffsvc.check.Problem} into
 * one sentence and exit code 2. Read {@link diffsvc.cli.Main}.
 */
package diffsvc.cli;
