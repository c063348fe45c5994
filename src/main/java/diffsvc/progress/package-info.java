/** How far a piece of work is: one listener for sampling, songs, training and preprocessing. */
package diffsvc.progress;
