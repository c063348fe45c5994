package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.DocumentationTool;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Javadoc builds, and everything public says what it is. Doclint would also ask for a tag for each parameter and result; where the first sentence has named
 * them with shape and unit, a tag would only repeat it, so those two are left out.
 */
class JavadocTest {
    private static final List<String> REPEATING = List.of("no @param", "no @return");
    @TempDir Path out;

    @Test void everythingPublicIsDescribedAndNothingIsWarnedOf() throws IOException {
        DocumentationTool tool = ToolProvider.getSystemDocumentationTool();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        StandardJavaFileManager files = tool.getStandardFileManager(null, Locale.ROOT, null);
        boolean built = tool.getTask(null, files, said, null, List.of("-quiet", "-Xdoclint:all", "-Xmaxwarns", "10000", "-d", out.toString(), "-sourcepath", "src/main/java", "-subpackages", "diffsvc",
                "-classpath", System.getProperty("java.class.path")), null).call();
        List<String> left = said.getDiagnostics().stream().filter(d -> d.getKind() != Diagnostic.Kind.NOTE && d.getSource() != null)
                .filter(d -> REPEATING.stream().noneMatch(d.getMessage(Locale.ROOT)::contains))
                .map(d -> d.getSource().getName() + ":" + d.getLineNumber() + ": " + d.getMessage(Locale.ROOT)).toList();
        assertTrue(built, String.valueOf(said.getDiagnostics().stream().filter(d -> d.getKind() == Diagnostic.Kind.ERROR).toList()));
        assertEquals(List.of(), left);
        assertTrue(out.resolve("diffsvc/DiffSvc.html").toFile().exists());
    }
}
