/**
 * Files in and out, by one set of rules. {@link diffsvc.files.Input} checks a path before it is read,
 * {@link diffsvc.files.Output} decides what may be replaced and tests an output before the work,
 * {@link diffsvc.files.WholeFile} writes a file whole or not at all, {@link diffsvc.files.Sha256} hashes its content,
 * {@link diffsvc.files.Temporary} makes temporary files, {@link diffsvc.files.Remembered} keeps what a machine found
 * out once.
 */
package diffsvc.files;
