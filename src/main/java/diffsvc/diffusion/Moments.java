package diffsvc.diffusion;

import org.hipparchus.linear.LUDecomposition;
import org.hipparchus.linear.MatrixUtils;
import org.hipparchus.linear.RealMatrix;

/** The Vandermonde system behind the weights of a multistep sampler. */
final class Moments {
    private Moments() {}

    /**
     * Weights w with sum_k w[k] nodes[k]^j = moments[j] for every j.
     *
     * @param nodes where the samples stand, all different
     * @param moments as many as there are nodes
     */
    static double[] weights(double[] nodes, double[] moments) {
        RealMatrix powers = MatrixUtils.createRealMatrix(nodes.length, nodes.length);
        for (int j = 0; j < nodes.length; j++) {
            for (int k = 0; k < nodes.length; k++) {
                powers.setEntry(j, k, Math.pow(nodes[k], j));
            }
        }
        return new LUDecomposition(powers)
                .getSolver()
                .solve(MatrixUtils.createRealVector(moments))
                .toArray();
    }
}
