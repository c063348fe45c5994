/**
 * Pictures from arrays: {@link diffsvc.plot.Plots} draws, {@link diffsvc.plot.Picture} is what it returns,
 * {@link diffsvc.plot.CurveStyle} names the axes of a curve.
 */
package diffsvc.plot;
