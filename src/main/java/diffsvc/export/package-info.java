/**
 * A voice for other programs. In: an open voice. Out: its networks as TorchScript archives and ONNX graphs, and a JSON
 * file that says what they take, what they give, and what sampling needs beside them. Read
 * {@link diffsvc.export.VoiceExport}.
 */
package diffsvc.export;
