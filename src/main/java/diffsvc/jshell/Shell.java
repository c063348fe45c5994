package diffsvc.jshell;

import diffsvc.platform.JavadocSources;
import jdk.jshell.tool.JavaShellToolBuilder;

/** JShell, told where the workbench's sources lie: Tab shows their Javadoc as it does the JDK's. */
final class Shell {
    private Shell() {}

    /** Arguments as jshell's own. */
    public static void main(String[] args) throws Exception {
        JavadocSources.tellCompletion();
        System.exit(JavaShellToolBuilder.builder().start(args));
    }
}
