/** F0 from a mel: the network the 24 kHz voices go with. */
package diffsvc.conds.pitchextractor;
