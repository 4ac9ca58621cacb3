// What the program launches on a GPU: one thread per arm, one arm per row.
namespace arm {

template<class T> __device__ __forceinline__ void load(const T* rows, int row, int width, T* values) {
  UNROLL for (int i = 0; i < width; i++) values[i] = rows[row * (long long)width + i];
}
template<class T> __device__ __forceinline__ void store(const T* values, int row, int width, T* rows) {
  UNROLL for (int i = 0; i < width; i++) rows[row * (long long)width + i] = values[i];
}

template<class T>
__device__ __forceinline__ void step_row(int n, T* qpos, T* qvel, T* act, const T* ctrl, T* force, T* torque, T* marks) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= n) return;
  T q[NV], v[NV], a[ATLEAST1(NA)], c[NU], m[9];
  Evaluation<T> last;
  load(qpos, row, NV, q), load(qvel, row, NV, v), load(act, row, NA, a), load(ctrl, row, NU, c);
  control_step(q, v, a, c, last);
  landmarks(q, m);
  store(q, row, NV, qpos), store(v, row, NV, qvel), store(a, row, NA, act);
  store(last.force, row, NU, force), store(last.torque, row, NV, torque), store(m, row, 9, marks);
}

template<class T> __device__ __forceinline__ void marks_row(int n, const T* qpos, T* marks) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= n) return;
  T q[NV], m[9];
  load(qpos, row, NV, q);
  landmarks(q, m);
  store(m, row, 9, marks);
}

}  // namespace arm

#define ENTRIES(Real, SUFFIX)                                                                                     \
  extern "C" __global__ void step_##SUFFIX(int n, Real* qpos, Real* qvel, Real* act, const Real* ctrl,            \
                                           Real* force, Real* torque, Real* marks) {                              \
    arm::step_row<Real>(n, qpos, qvel, act, ctrl, force, torque, marks);                                          \
  }                                                                                                               \
  extern "C" __global__ void marks_##SUFFIX(int n, const Real* qpos, Real* marks) { arm::marks_row<Real>(n, qpos, marks); }
ENTRIES(double, f64)
ENTRIES(float, f32)
