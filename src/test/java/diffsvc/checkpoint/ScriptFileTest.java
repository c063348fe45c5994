package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.platform.Script;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScriptFileTest {
    private static final String
            PREPARE =
                    """
            def prepare(self, w: Dict[str, Tensor]) -> Tensor:
              self.weight = w["a.weight"]
              for i in range(self.times):
                torch.append(self.biases, w[torch.add("bias.", str(i))])
              return self.weight
            """,
            FORWARD =
                    """
            def forward(self, x: Tensor, k: Tensor) -> Tensor:
              y = torch.linear(x, self.weight, self.biases[1])
              for i in range(self.times):
                y = torch.add(torch.mul(y, self.factor), k)
              return y
            """;

    @Test
    void theEngineRunsItsMethodsWhateverTheInputsAreNamed() {
        ScriptFile file = new ScriptFile(
                Map.of("times", 2L, "factor", 0.5), List.of("weight"), List.of("biases"), List.of(PREPARE, FORWARD));
        try (NDManager m = NDManager.newBaseManager();
                Script script = Script.open(m, file.bytes())) {
            try (NDManager weights = m.newSubManager()) {
                script.run(
                        weights,
                        "prepare",
                        Map.of(
                                "a.weight",
                                        weights.create(new float[] {1, 2, 3, 4, 5, 6})
                                                .reshape(3, 2),
                                "bias.0", weights.create(new float[] {9, 9, 9}),
                                "bias.1", weights.create(new float[] {1, 0, -1})));
            }
            NDArray x = m.create(new float[] {1, -1}).reshape(1, 2), k = m.create(new float[] {4});
            x.setName("cell.x[]");
            // x W^T + b = 0, -1, -2; then twice y / 2 + 4
            assertArrayEquals(
                    new float[] {6, 5.75f, 5.5f}, script.run(m, "forward", x, k).toFloatArray());
        }
    }

    @Test
    void aSourceThatDoesNotCompileIsRefusedInTheEnginesWords() {
        ScriptFile file = new ScriptFile(
                Map.of(), List.of(), List.of(), List.of("def forward(self, x: Tensor) -> Tensor:\n  return y\n"));
        try (NDManager m = NDManager.newBaseManager()) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Script.open(m, file.bytes()))
                    .getMessage()
                    .contains("undefined value y"));
        }
    }
}
