/**
 * Files in and out, by one set of rules. {@link diffsvc.files.Input} names what lies at a path that is to be read,
 * {@link diffsvc.files.Output} decides what may be replaced and tries an output before the work,
 * {@link diffsvc.files.WholeFile} writes a file whole or not at all, {@link diffsvc.files.Sha256} names its content,
 * {@link diffsvc.files.Temporary} makes the files that only pass through.
 */
package diffsvc.files;
