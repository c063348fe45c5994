/**
 * {@code ./diffsvc jshell}: {@link diffsvc.jshell.Execution} starts the process of the snippets,
 * {@link diffsvc.jshell.Agent} runs in it. Both need {@link diffsvc.platform.Reach#AGENT}; without it JShell's own
 * agent runs.
 */
package diffsvc.jshell;
