package diffsvc.cli;

import diffsvc.notebook.Sources;
import jdk.jshell.tool.JavaShellToolBuilder;

/** JShell, told where the workbench's sources lie: Tab shows their Javadoc as it does the JDK's. */
final class Shell {
    private Shell() {}

    /** Arguments as jshell's own. */
    public static void main(String[] args) throws Exception {
        Sources.tellCompletion();
        System.exit(JavaShellToolBuilder.builder().start(args));
    }
}
