/** Experiments on a conversion from the inside: what follows from an inner value, block by block and step by step. */
package diffsvc.inside;
