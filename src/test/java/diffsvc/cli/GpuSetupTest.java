package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which libraries the launcher gives the engine: a copy of it, with a java that prints its environment. */
@Tag("process")
class GpuSetupTest {
    private static final String JAVA = "#!/bin/sh\n"
            + "[ \"$1\" = -version ] && echo 'openjdk version \"17.0.1\"' && exit 0\n"
            + "env | grep -E '^(PYTORCH|LD_LIBRARY)' || true\n";

    @TempDir
    Path home;

    @BeforeEach
    void setUp() throws IOException {
        Files.copy(Path.of("diffsvc"), home.resolve("diffsvc"));
        program(home.resolve("bin/java"), JAVA);
        program(home.resolve("bin/ldconfig"), "#!/bin/sh\necho '\tlibc.so.6 (libc6,x86-64) => /lib/libc.so.6'\n");
        Files.writeString(home.resolve("pom.xml"), "");
        Files.createDirectories(home.resolve("src/main"));
        Files.createDirectories(home.resolve("target"));
        Files.writeString(home.resolve("target/.built"), "");
        Path packages = home.resolve(".venv/lib/python3.11/site-packages");
        for (String folder : List.of("torch/lib", "nvidia/cublas/lib", "nvidia/cudnn/lib", "cusparselt/lib")) {
            Files.createDirectories(packages.resolve(folder));
        }
        Files.writeString(home.resolve(".venv/.gpu"), "2.7.1 lib/python3.11/site-packages\n");
        Files.createDirectories(home.resolve("driver"));
    }

    private static void program(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }

    /** What java is given, with the home as HOME. */
    private Map<String, String> given(Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder("sh", home.resolve("diffsvc").toString(), "doctor");
        builder.environment().keySet().removeIf(name -> name.matches("PYTORCH.*|LD_LIBRARY_PATH|JAVA_HOME"));
        builder.environment().merge("PATH", home.resolve("bin").toString(), (path, own) -> own + ":" + path);
        builder.environment().putAll(environment);
        Path out = home.resolve("out");
        Process p =
                builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
        assertTrue(p.waitFor(1, TimeUnit.MINUTES));
        assertEquals(0, p.exitValue(), Files.readString(out));
        Map<String, String> given = new TreeMap<>();
        for (String line : Files.readAllLines(out)) {
            String[] parts = line.split("=", 2);
            given.put(parts[0], parts[1].replace(home.toString(), "HOME"));
        }
        return given;
    }

    private static final String PACKAGES = "HOME/.venv/lib/python3.11/site-packages/";
    private static final String FOLDERS =
            PACKAGES + "cusparselt/lib:" + PACKAGES + "nvidia/cudnn/lib:" + PACKAGES + "nvidia/cublas/lib";

    @Test
    void withoutADriverTheLibrariesOfTheBuildStayInUse() throws Exception {
        assertEquals(Map.of(), given(Map.of()));
    }

    @Test
    void withADriverTheEngineGetsWhatSetupHasFetched() throws Exception {
        Files.writeString(home.resolve("driver/libcuda.so.1"), "");
        String driver = home.resolve("driver").toString();
        Map<String, String> given = given(Map.of("LD_LIBRARY_PATH", driver));
        assertEquals("cu128", given.get("PYTORCH_FLAVOR"));
        assertEquals("2.7.1", given.get("PYTORCH_VERSION"));
        assertEquals(PACKAGES + "torch/lib", given.get("PYTORCH_LIBRARY_PATH"));
        assertTrue(given.get("LD_LIBRARY_PATH").startsWith(FOLDERS + ":HOME/driver"), given.toString());
        program(home.resolve("bin/ldconfig"), "#!/bin/sh\necho '\tlibcuda.so.1 (libc6,x86-64) => /lib/libcuda.so.1'\n");
        assertEquals(FOLDERS, given(Map.of()).get("LD_LIBRARY_PATH"), "the linker knows the driver's folder");
        Files.delete(home.resolve(".venv/.gpu"));
        assertEquals(Map.of(), given(Map.of()), "nothing was set up");
    }

    @Test
    void onRequestTheyServeTheCpuAndAnotherLibraryIsLeftAlone() throws Exception {
        Map<String, String> given = given(Map.of("PYTORCH_FLAVOR", "cpu"));
        assertEquals("cpu", given.get("PYTORCH_FLAVOR"));
        assertEquals(PACKAGES + "torch/lib", given.get("PYTORCH_LIBRARY_PATH"));
        assertEquals(FOLDERS, given.get("LD_LIBRARY_PATH"));
        assertEquals(Map.of("PYTORCH_LIBRARY_PATH", "/opt/torch"), given(Map.of("PYTORCH_LIBRARY_PATH", "/opt/torch")));
    }

    /** PyTorch of another version than DJL's own native library would not load. */
    @Test
    void theVersionAndTheFlavourAreThoseOfTheBuild() throws IOException {
        Matcher pom = Pattern.compile("<libtorch.version>(.*)</libtorch.version>")
                .matcher(Files.readString(Path.of("pom.xml")));
        assertTrue(pom.find());
        List<String> wanted = Files.readAllLines(Path.of("src/python/gpu.txt"));
        assertEquals("torch==" + pom.group(1), wanted.get(wanted.size() - 1));
        assertNotNull(getClass().getResource("/jnilib/linux-x86_64/cu128/libdjl_torch.so"));
    }
}
