package diffsvc.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import org.junit.jupiter.api.Test;

class RoundingTest {
    @Test
    void aResultFarFromTheReferenceIsRefused() {
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray reference = Rounding.noise(m, new Shape(10, 100)), zero = m.zeros(new Shape(3));
            Rounding.require("content", "bfloat16", 0.5, reference, reference.mul(1.09f));
            Rounding.require("content", "bfloat16", 0.5, zero, zero);
            assertTrue(Rounding.isNear(reference, reference.mul(1.09f)));
            assertFalse(Rounding.isNear(reference, reference.mul(1.11f)));
            assertFalse(Rounding.isNear(reference, reference.mul(Float.NaN)));
            assertTrue(Rounding.isNear(reference.mul(3e38f), reference), "not the precision's fault");
            Rounding.require("diffusion", "bfloat16", 1, reference.mul(0.1f), reference.mul(0.18f));
            assertThrows(
                    Problem.class,
                    () -> Rounding.require("diffusion", "bfloat16", 0.1, reference.mul(0.1f), reference.mul(0.18f)));
            assertEquals(0.5, Rounding.apart(reference, reference.mul(0.5f)), 1e-6);
            String said = assertThrows(
                            Problem.class,
                            () -> Rounding.require("content", "bfloat16", 0.5, reference, reference.mul(-1f)))
                    .getMessage();
            assertEquals(
                    "content: need results in bfloat16 within 10 % of float32's, got 200 %; this processor or engine is"
                            + " wrong in it: pass --precision float32",
                    said);
            assertThrows(
                    Problem.class,
                    () -> Rounding.require("content", "bfloat16", 0.5, reference, reference.mul(Float.NaN)));
            assertThrows(
                    Problem.class, () -> Rounding.require("content", "bfloat16", 0.5, zero, reference.get("0, :3")));
        }
    }

    @Test
    void noiseIsStandardNormalAndTheSameEachTime() {
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray a = Rounding.noise(m, new Shape(40_000)), b = Rounding.noise(m, new Shape(40_000));
            assertEquals(a, b);
            assertEquals(0, a.mean().getFloat(), 0.02);
            assertEquals(1, a.square().mean().getFloat(), 0.03);
            assertTrue(a.abs().max().getFloat() > 3);
        }
    }
}
