package diffsvc.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.UnsafeByteOperations;
import diffsvc.platform.Version;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A network as an ONNX graph (onnx.ai, opset {@value #OPSET}). A network writes it from input to output: it declares
 * inputs, calls operations on {@link Value values} and declares outputs. Weights keep their names and layouts in a
 * checkpoint.
 *
 * <p>A protobuf message holds at most 2 GiB, so larger networks do not fit.
 */
public final class OnnxFile {
    /** Version of the operators; ONNX Runtime 1.12 and later run it. */
    public static final int OPSET = 17;

    private static final int FORMAT = 8; // of the file, as opset 17 came with it
    private static final double ROOT_2 = Math.sqrt(2);

    private final Weights weights;
    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final Set<String> written = new HashSet<>();
    private int count;

    /**
     * An empty graph.
     *
     * @param name of the network
     * @param weights that operations name
     */
    public OnnxFile(String name, Weights weights) {
        this.weights = weights;
        graph.setName(name);
    }

    /**
     * Declares a float32 input.
     *
     * @param shape numbers, and letters of the axes whose length is free
     */
    public Value floats(String name, Object... shape) {
        graph.addInput(info(name, TensorProto.DataType.FLOAT, shape));
        return new Value(name);
    }

    /**
     * Declares an int64 input.
     *
     * @param shape numbers, and letters of the axes whose length is free
     */
    public Value longs(String name, Object... shape) {
        graph.addInput(info(name, TensorProto.DataType.INT64, shape));
        return new Value(name);
    }

    /**
     * Declares a float32 output.
     *
     * @param shape numbers, and letters of the axes whose length is free
     */
    public void output(String name, Value value, Object... shape) {
        graph.addNode(NodeProto.newBuilder()
                .setOpType("Identity")
                .setName("output_" + name)
                .addInput(value.name)
                .addOutput(name));
        graph.addOutput(info(name, TensorProto.DataType.FLOAT, shape));
    }

    private static ValueInfoProto info(String name, TensorProto.DataType type, Object... shape) {
        TensorShapeProto.Builder axes = TensorShapeProto.newBuilder();
        for (Object axis : shape) {
            TensorShapeProto.Dimension.Builder length = TensorShapeProto.Dimension.newBuilder();
            axes.addDim(
                    axis instanceof Number n ? length.setDimValue(n.longValue()) : length.setDimParam((String) axis));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(type.getNumber())
                                .setShape(axes)))
                .build();
    }

    /** A weight by its name in the checkpoint. */
    public Value weight(String name) {
        return weight(name, weights.get(name));
    }

    /** A weight that the network derives from its checkpoint, under a name of its own. */
    public Value weight(String name, NDArray array) {
        if (written.add(name)) {
            TorchTensor tensor = TorchTensor.of(array);
            constant(name, TensorProto.DataType.FLOAT, tensor.bytes(), tensor.shape());
        }
        return new Value(name);
    }

    /** A float32 constant without axes. */
    public Value number(double value) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return constant("number_" + count++, TensorProto.DataType.FLOAT, bytes.putFloat(0, (float) value));
    }

    /** A list of float32. */
    public Value numbers(float... values) {
        return constant(
                "numbers_" + count++,
                TensorProto.DataType.FLOAT,
                TorchTensor.of(values, values.length).bytes(),
                values.length);
    }

    /** A list of int64. */
    public Value whole(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return constant("whole_" + count++, TensorProto.DataType.INT64, bytes, values.length);
    }

    private Value constant(String name, TensorProto.DataType type, ByteBuffer bytes, long... shape) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setName(name)
                .setDataType(type.getNumber())
                .setRawData(UnsafeByteOperations.unsafeWrap(bytes)); // nobody writes to it any more
        Arrays.stream(shape).forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return new Value(name);
    }

    /** Writes the file. */
    public void write(OutputStream out) throws IOException {
        ModelProto.newBuilder()
                .setIrVersion(FORMAT)
                .setProducerName("diffsvc")
                .setProducerVersion(Version.CURRENT)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
                .setGraph(graph)
                .build()
                .writeTo(out);
    }

    private List<Value> node(String type, int outputs, Map<String, ?> attributes, List<Value> inputs) {
        String name = type.toLowerCase(Locale.ROOT) + "_" + count++;
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(type).setName(name);
        inputs.forEach(input -> node.addInput(input.name));
        List<Value> made = IntStream.range(0, outputs)
                .mapToObj(i -> new Value(outputs == 1 ? name : name + "_" + i))
                .toList();
        made.forEach(value -> node.addOutput(value.name));
        // in one order, so that the same weights give the same file
        new TreeMap<>(attributes).forEach((key, value) -> node.addAttribute(attribute(key, value)));
        graph.addNode(node);
        return made;
    }

    private static AttributeProto attribute(String name, Object value) {
        AttributeProto.Builder a = AttributeProto.newBuilder().setName(name);
        if (value instanceof long[] list) {
            a.setType(AttributeProto.AttributeType.INTS);
            Arrays.stream(list).forEach(a::addInts);
        } else if (value instanceof Double number) {
            a.setType(AttributeProto.AttributeType.FLOAT).setF(number.floatValue());
        } else {
            a.setType(AttributeProto.AttributeType.INT).setI(((Number) value).longValue());
        }
        return a.build();
    }

    /** A tensor in the graph. An operation on it is a node, and gives a new value. */
    public final class Value {
        private final String name;

        private Value(String name) {
            this.name = name;
        }

        /**
         * Any operation with this value as its first input and one output.
         *
         * @param type of ONNX, {@code Relu}
         * @param attributes long[], Double, Integer or Long by name
         * @param others the further inputs
         */
        public Value op(String type, Map<String, ?> attributes, Value... others) {
            return node(type, 1, attributes, inputs(others)).get(0);
        }

        /**
         * The same without attributes.
         *
         * @param others the further inputs
         */
        public Value op(String type, Value... others) {
            return op(type, Map.of(), others);
        }

        private List<Value> inputs(Value... others) {
            Value[] all = new Value[others.length + 1];
            all[0] = this;
            System.arraycopy(others, 0, all, 1, others.length);
            return List.of(all);
        }

        public Value plus(Value other) {
            return op("Add", other);
        }

        public Value plus(double number) {
            return plus(number(number));
        }

        public Value times(Value other) {
            return op("Mul", other);
        }

        public Value times(double number) {
            return times(number(number));
        }

        public Value over(double number) {
            return op("Div", number(number));
        }

        public Value relu() {
            return op("Relu");
        }

        public Value leakyRelu(double slope) {
            return op("LeakyRelu", Map.of("alpha", slope));
        }

        public Value tanh() {
            return op("Tanh");
        }

        public Value sigmoid() {
            return op("Sigmoid");
        }

        /** x tanh(softplus(x)). */
        public Value mish() {
            return times(op("Softplus").tanh());
        }

        /** x Φ(x), exact. */
        public Value gelu() {
            return times(0.5).times(over(ROOT_2).op("Erf").plus(1));
        }

        /** Without an axis of length 1. */
        public Value squeeze(int axis) {
            return op("Squeeze", whole(axis));
        }

        /** With a new axis of length 1. */
        public Value unsqueeze(int axis) {
            return op("Unsqueeze", whole(axis));
        }

        public Value transpose(long... axes) {
            return op("Transpose", Map.of("perm", axes));
        }

        /**
         * Another shape.
         *
         * @param shape 0 keeps the length of an axis
         */
        public Value reshape(long... shape) {
            return op("Reshape", whole(shape));
        }

        /** A part of one axis; a negative end counts from the axis's end. */
        public Value slice(int axis, long from, long to) {
            return op("Slice", whole(from), whole(to), whole(axis));
        }

        /** Equal parts along an axis. */
        public List<Value> split(int axis, int parts) {
            return node("Split", parts, Map.of("axis", axis), inputs());
        }

        /** This value and others in a row. */
        public Value concat(int axis, Value... others) {
            return op("Concat", Map.of("axis", axis), others);
        }

        /** Along the last axis. */
        public Value softmax() {
            return op("Softmax", Map.of("axis", -1));
        }

        /** Layer norm over the last axis, with NAME.weight and NAME.bias. */
        public Value norm(String name, double eps) {
            return op(
                    "LayerNormalization",
                    Map.of("axis", -1, "epsilon", eps),
                    weight(name + ".weight"),
                    weight(name + ".bias"));
        }

        /**
         * The last axis through a matrix [O, I].
         *
         * @param bias [O], or null
         */
        public Value linear(Value matrix, Value bias) {
            Value product = op("MatMul", matrix.transpose(1, 0));
            return bias == null ? product : product.plus(bias);
        }

        /** The last axis through NAME.weight [O, I] and NAME.bias. */
        public Value linear(String name) {
            return linear(weight(name + ".weight"), weight(name + ".bias"));
        }

        /**
         * A convolution [B, I, T] to [B, O, ..].
         *
         * @param bias [O], or null
         */
        public Value conv(Value kernel, Value bias, int stride, int pad, int dilation, int groups) {
            Map<String, ?> attributes = Map.of(
                    "strides", new long[] {stride},
                    "pads", new long[] {pad, pad},
                    "dilations", new long[] {dilation},
                    "group", groups);
            return bias == null ? op("Conv", attributes, kernel) : op("Conv", attributes, kernel, bias);
        }

        /** A convolution with NAME.weight and NAME.bias that keeps T where pad is dilation (K - 1) / 2. */
        public Value conv(String name, int pad, int dilation) {
            return conv(weight(name + ".weight"), weight(name + ".bias"), 1, pad, dilation, 1);
        }

        /** A convolution of one frame with NAME.weight and NAME.bias. */
        public Value conv(String name) {
            return conv(name, 0, 1);
        }

        /**
         * A transposed convolution with NAME.weight [I, O, K] and NAME.bias: T times the stride where K - stride = 2
         * pad.
         */
        public Value transposedConv(String name, int stride, int pad) {
            return op(
                    "ConvTranspose",
                    Map.of("strides", new long[] {stride}, "pads", new long[] {pad, pad}),
                    weight(name + ".weight"),
                    weight(name + ".bias"));
        }
    }
}
