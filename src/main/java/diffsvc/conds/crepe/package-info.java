/** F0 by a convolutional network that hears 64 ms at a time. */
package diffsvc.conds.crepe;
