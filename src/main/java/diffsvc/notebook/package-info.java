/**
 * The Java kernel of a notebook and what a cell can call: {@link diffsvc.notebook.KernelExtension} adds the display of
 * tensors, waves, pictures and tables to the kernel, {@link diffsvc.notebook.Display} shows values,
 * {@link diffsvc.notebook.ProgressBar} and {@link diffsvc.notebook.LiveCurve} grow in place,
 * {@link diffsvc.notebook.Layers} tabulates a network, {@link diffsvc.notebook.Check} verifies. The same calls work in
 * JShell.
 */
package diffsvc.notebook;
