package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
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
}
