package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.testing.Machines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComputeDeviceTest {
    @ParameterizedTest
    @CsvSource({
        "auto, NONE, cpu",
        "auto, NOT_SET_UP, cpu",
        "auto, HIDDEN, cpu",
        "auto, ONE, cuda:0",
        "auto, TWO, cuda:0",
        "cpu, TWO, cpu",
        "cuda, TWO, cuda:0",
        "cuda:0, ONE, cuda:0",
        "cuda:1, TWO, cuda:1"
    })
    void aNameIsADevice(String name, Machines machine, String device) {
        ComputeDevice found = ComputeDevice.named(name, machine.report());
        assertEquals(device, found.text());
        assertEquals(device.startsWith("cuda"), found.isGpu());
        assertEquals(found.isGpu() ? Device.gpu(device.charAt(5) - '0') : Device.cpu(), found.engine());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cuda:0 | NONE | no driver of an NVIDIA GPU; install NVIDIA's driver",
                "cuda:0 | HIDDEN | a driver, but no GPU that it shows; check nvidia-smi",
                "cuda:0 | NOT_SET_UP | an engine for the CPU alone; run ./diffsvc setup gpu once",
                "cuda:1 | ONE | need one of cuda:0, got --device cuda:1",
                "cuda:2 | TWO | need one of cuda:0, cuda:1, got --device cuda:2",
                "gpu | ONE | need --device auto, cpu or cuda:N, got 'gpu'",
                "cuda:-1 | ONE | need --device auto, cpu or cuda:N, got 'cuda:-1'",
                "cuda:9999 | ONE | need --device auto, cpu or cuda:N"
            })
    void aDeviceThatIsNotThereIsNamedWithWhatToDo(String name, Machines machine, String words) {
        String said = assertThrows(Problem.class, () -> ComputeDevice.named(name, machine.report()))
                .getMessage();
        assertTrue(said.startsWith("options: need ") && said.contains(words), said);
    }

    @Test
    void aGpuTellsItsNameAndItsMemory() {
        ComputeDevice gpu = ComputeDevice.named("cuda:1", Machines.TWO.report());
        assertEquals("cuda:1, Turing of 16 GiB", gpu.toString());
        assertEquals(15L << 30, gpu.available());
        assertFalse(gpu.mayGainByBfloat16());
        assertEquals(Processor.multipliesBfloat16(), ComputeDevice.CPU.mayGainByBfloat16());
        assertEquals(ProcessMemory.limit(), ComputeDevice.CPU.available());
    }

    @Test
    void aManagerIsOnItsDevice() {
        try (NDManager m = ComputeDevice.CPU.newManager();
                WeakManager weak = WeakManager.open(ComputeDevice.named("cpu"))) {
            assertEquals(Device.cpu(), m.getDevice());
            assertEquals(Device.cpu(), weak.manager().getDevice());
        }
    }

    /** What a machine has decides; no report may throw. */
    @Test
    void thisMachineReports() {
        GpuReport report = GpuReport.ofMachine();
        assertEquals(report.ready(), report.lack().isEmpty());
        assertEquals(report.ready(), report.remedy().isEmpty());
        assertEquals(report.ready(), ComputeDevice.auto().isGpu());
    }
}
