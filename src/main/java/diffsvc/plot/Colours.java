package diffsvc.plot;

import java.awt.Color;

/** Perceptually even colour maps, and the colours of lines. */
public final class Colours {
    /**
     * Anchors of viridis (van der Walt and Smith, 2015): even in perceived lightness, safe for most colour-blind eyes.
     */
    private static final int[] VIRIDIS = {
        0x440154, 0x482878, 0x3e4a89, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6dcd59, 0xb4de2c, 0xfde725
    };
    /** Anchors of RdBu (Brewer), blue below zero, white at zero, red above. */
    private static final int[] DIVERGING = {
        0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b
    };

    public static final Color LINE = new Color(0x31688e), F0 = new Color(0xff5050);

    private Colours() {}

    /** From dark to bright, as 0xRRGGBB; {@code share} from 0 to 1, beyond it is clipped. */
    public static int viridis(double share) {
        return between(VIRIDIS, share);
    }

    /** From blue over white to red, as 0xRRGGBB; {@code share} from 0 to 1, white at 0.5. */
    public static int diverging(double share) {
        return between(DIVERGING, share);
    }

    private static int between(int[] anchors, double share) {
        double place = Math.max(0, Math.min(1, Double.isNaN(share) ? 0 : share)) * (anchors.length - 1);
        int low = Math.min(anchors.length - 2, (int) place);
        double part = place - low;
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int a = anchors[low] >> shift & 255, b = anchors[low + 1] >> shift & 255;
            rgb |= (int) Math.round(a + part * (b - a)) << shift;
        }
        return rgb;
    }
}
