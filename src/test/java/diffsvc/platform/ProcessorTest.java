package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessorTest {
    @ParameterizedTest
    @CsvSource({
        "avx2 avx512f avx512_bf16, '', true",
        "avx2 avx512f amx_bf16, '', true",
        "avx2 avx512f, '', false",
        "'', '', false",
        "avx2 avx512f avx512_bf16, AVX2, false",
        "avx2 avx512f avx512_bf16, AVX512_CORE, false",
        "avx2 avx512f avx512_bf16, AVX512_CORE_VNNI, false",
        "avx2 avx512f avx512_bf16, AVX512_CORE_BF16, true",
        "avx2 avx512f amx_bf16, AVX512_CORE_AMX, true",
        "avx2 avx512f amx_bf16, ALL, true",
        "avx2 avx512f, AVX512_CORE_AMX, false"
    })
    void bfloat16NeedsTheUnitsAndTheirPermission(String flags, String mostIsa, boolean multiplies) {
        assertEquals(multiplies, Processor.multipliesBfloat16(List.of(flags.split(" ")), mostIsa));
    }

    @Test
    void aProcessorIsNamedByWhatDecidesItsSpeedAndNotByWhatChanges() {
        List<String> x86 = List.of(
                "processor\t: 0",
                "vendor_id\t: GenuineIntel",
                "cpu family\t: 6",
                "model\t\t: 143",
                "model name\t: Some CPU @ 2.00GHz",
                "cpu MHz\t\t: 2000.000",
                "flags\t\t: fpu amx_bf16");
        assertEquals("GenuineIntel 6 143 Some CPU @ 2.00GHz fpu amx_bf16", Processor.identity(x86));
        assertEquals(
                "0x41 8 0xd0c asimd bf16",
                Processor.identity(List.of(
                        "BogoMIPS\t: 243.75",
                        "Features\t: asimd bf16",
                        "CPU implementer\t: 0x41",
                        "CPU architecture: 8",
                        "CPU part\t: 0xd0c")));
        assertEquals("", Processor.identity(List.of()));
        assertEquals("", CpuEngine.key(""), "what is not known is not remembered");
    }
}
