/**
 * What every stage says when something does not fit: {@link diffsvc.check.Problem} is the one error a person meets
 * (stage, file, need, got, remedy; no stack trace), {@link diffsvc.check.Axes} checks the axes of a tensor by the
 * letters of the root package.
 */
package diffsvc.check;
