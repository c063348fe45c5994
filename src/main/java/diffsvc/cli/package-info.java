/**
 * The commands of the launcher, one class each. They parse options, call the library and print each stage as it ends; a
 * {@link diffsvc.check.Problem} becomes one message and exit code 2. Loops and policies live in the library. Read
 * {@link diffsvc.cli.Main}.
 */
package diffsvc.cli;
