/**
 * What a notebook shows: {@link diffsvc.notebook.Plots} draws, {@link diffsvc.notebook.Summary} describes a tensor in a
 * line, and {@link diffsvc.notebook.KernelExtension} teaches the Java kernel to show tensors, waves, pictures, charts
 * and tables. The same calls work in JShell, where a picture says its size and saves itself.
 */
package diffsvc.notebook;
