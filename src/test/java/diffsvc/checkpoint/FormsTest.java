package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.hparams.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FormsTest {
    /** A form that knows whether it is open. */
    private static final class Form implements AutoCloseable {
        private int closed;

        @Override
        public void close() {
            closed++;
        }

        boolean isOpen() {
            return closed == 0;
        }
    }

    private final List<Form> networks = new ArrayList<>(), scripts = new ArrayList<>();
    private final Forms<Form, Form> forms = new Forms<>(() -> opened(networks), (net, p) -> {
        assertTrue(net.isOpen());
        return opened(scripts);
    });

    private static Form opened(List<Form> all) {
        all.add(new Form());
        return all.get(all.size() - 1);
    }

    private long open() {
        return networks.stream().filter(Form::isOpen).count();
    }

    @Test
    void aScriptTakesTheNetworksPlace() {
        assertEquals(0, networks.size(), "nothing opens before it is asked for");
        assertEquals("walked", forms.walk(net -> "walked"));
        assertEquals(1, open());
        Form script = forms.script(Precision.FLOAT32);
        assertEquals(0, open());
        assertSame(script, forms.script(Precision.FLOAT32));
        assertNotSame(script, forms.script(Precision.BFLOAT16));
        assertEquals(2, networks.size(), "once for each script, whose weights differ");
        assertEquals(0, open());
        assertTrue(forms.walk(Form::isOpen));
        assertEquals(1, open());
        forms.close();
        assertEquals(0, open());
        assertTrue(networks.stream().allMatch(f -> f.closed == 1));
        assertTrue(scripts.stream().allMatch(f -> f.closed == 1));
        assertThrows(IllegalStateException.class, forms::network);
    }

    @Test
    void whoHoldsTheNetworkKeepsItBesideTheScripts() {
        Form held = forms.network();
        forms.script(Precision.FLOAT32);
        forms.script(Precision.BFLOAT16);
        assertTrue(held.isOpen());
        assertSame(held, forms.network());
        assertSame(held, forms.walk(net -> net));
        assertEquals(1, networks.size());
        forms.script(Precision.MIXED);
        forms.close();
        assertFalse(held.isOpen());
        assertEquals(1, held.closed);
    }

    @Test
    void aNetworkThatWasGivenStaysUntilTheEnd() {
        Form net = new Form();
        Forms<Form, Form> given = Forms.of(net, (n, p) -> opened(scripts));
        given.script(Precision.FLOAT32);
        assertTrue(given.walk(Form::isOpen));
        given.close();
        assertEquals(1, net.closed);
    }

    @Test
    void aWalkOfAnotherThreadEndsInTheNetworkItBeganIn() throws Exception {
        CountDownLatch began = new CountDownLatch(1), replaced = new CountDownLatch(1);
        CompletableFuture<Boolean> open = CompletableFuture.supplyAsync(() -> forms.walk(net -> {
            began.countDown();
            try {
                assertTrue(replaced.await(5, TimeUnit.MINUTES));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return net.isOpen();
        }));
        assertTrue(began.await(5, TimeUnit.MINUTES));
        forms.script(Precision.FLOAT32);
        assertEquals(1, open(), "the walk still needs it");
        forms.script(Precision.BFLOAT16);
        assertEquals(2, networks.size(), "the second script had one of its own");
        assertEquals(1, open());
        replaced.countDown();
        assertTrue(open.get(5, TimeUnit.MINUTES));
        assertEquals(0, open());
    }

    @Test
    void aScriptThatFailsLeavesNothingOpen() {
        Forms<Form, Form> failing = new Forms<>(() -> opened(networks), (net, p) -> {
            if (scripts.isEmpty()) {
                opened(scripts);
                throw new IllegalStateException("wrong in " + p);
            }
            return opened(scripts);
        });
        assertThrows(IllegalStateException.class, () -> failing.script(Precision.BFLOAT16));
        assertEquals(0, open());
        failing.script(Precision.BFLOAT16);
        assertEquals(0, open());
        assertEquals(2, networks.size());
    }
}
