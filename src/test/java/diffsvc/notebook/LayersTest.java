package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.diffusion.wavenet.WaveNet;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class LayersTest {
    private static String row(Table table, String name) {
        Table one = table.where(table.stringColumn("name").isEqualTo(name));
        assertEquals(1, one.rowCount(), name + " in " + table.printAll());
        StringBuilder text = new StringBuilder();
        for (int c = 1; c < one.columnCount(); c++) {
            text.append(c == 1 ? "" : " | ").append(one.getString(0, c));
        }
        return text.toString();
    }

    @Test
    void theLayersOfADenoiserAddUpToItsParameters() {
        try (NDManager manager = NDManager.newBaseManager()) {
            WaveNet net = WaveNet.random(manager, new WaveNet.Sizes(128, 16, 24, 3, 4), 1);
            Table tensors = Layers.of(net.weights());
            assertEquals("[16, 128, 1] | 2048", row(tensors, "input_projection.weight"));
            assertEquals("| " + net.weights().parameters(), row(tensors, "sum").strip());
            Table layers = Layers.of(
                    net,
                    manager.ones(new Shape(2, 1, 128, 300)),
                    manager.create(new long[] {1, 2}),
                    manager.ones(new Shape(2, 24, 300)));
            assertEquals("[16, 128, 1] | 2064 | [2, 16, 300]", row(layers, "input_projection"));
            assertTrue(row(layers, "mlp").endsWith(" | [2, 16]"), row(layers, "mlp"));
            assertTrue(row(layers, "residual_layers.2").contains("dilated_conv [32, 16, 3]"), layers.printAll());
            assertTrue(row(layers, "residual_layers.2").endsWith(" | [2, 16, 300]"), layers.printAll());
            assertEquals("[128, 16, 1] | 2176 | [2, 1, 128, 300]", row(layers, "output_projection"));
            long sum = 0;
            for (int i = 0; i < layers.rowCount() - 1; i++) {
                sum += layers.longColumn("parameters").get(i);
            }
            assertEquals(net.weights().parameters(), sum);
        }
    }

    @Test
    void theLayersOfAnEncoderHaveTheirOutputs() {
        try (NDManager manager = NDManager.newBaseManager()) {
            HubertSoft net = HubertSoft.random(manager, new HubertSoft.Sizes(16, 32, 2, 2, 64, 24, 10), 1);
            Table layers = Layers.of(net, manager.ones(new Shape(1, 1, 16000)));
            assertTrue(row(layers, "feature_extractor.conv6").endsWith(" | [1, 16, 50]"), layers.printAll());
            assertTrue(row(layers, "encoder.layers.1").endsWith(" | [1, 50, 32]"), layers.printAll());
            assertTrue(row(layers, "proj").endsWith(" | [1, 50, 24]"), layers.printAll());
        }
    }
}
