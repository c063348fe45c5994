/**
 * Checks that every stage shares. In: an array, a number or a value from a file. Out: the same value, or a
 * {@link diffsvc.check.Problem}, the one error that users see (stage, file, need, got, remedy; no stack trace).
 * {@link diffsvc.check.Axes} checks the axes of a tensor by the letters of the root package,
 * {@link diffsvc.check.Bound} a number, {@link diffsvc.check.Finite} a result; {@link diffsvc.check.Shown} writes a
 * value into a sentence.
 */
package diffsvc.check;
