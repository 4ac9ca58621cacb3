// Accelerations within the joints' limits: of M a = smooth + limits, by trying which of the limits push.
namespace arm {

// `total` is the force on each joint with what the limits push, M a, and `added` what they add to its inertia.
template<class T>
INLINE void accelerate(const T* inertia, const T* smooth, const Limit<T>* limits, T* acceleration, T* total, T* added) {
  const int joint[] = LIMITED_JOINTS;
  T pushes[ATLEAST1(LIMITS)];
  UNROLL for (int i = 0; i < NV; i++) added[i] = T(0.0), total[i] = smooth[i];
  UNROLL for (int i = 0; i < LIMITS; i++) pushes[i] = T(0.0);
  solve(inertia, added, smooth, acceleration);
  auto is_near = T(0.0) > T(0.0);
  UNROLL for (int i = 0; i < LIMITS; i++) is_near = is_near | (limits[i].weight > T(0.0));
  if (!any(is_near)) return;
  // Arms that are done stay as they are while others are tried on: the same set gives the same accelerations.
  ROLLED for (int attempt = 0; attempt < 20; attempt++) {
    auto is_new = T(0.0) > T(0.0);
    UNROLL for (int i = 0; i < NV; i++) added[i] = T(0.0), total[i] = smooth[i];
    UNROLL for (int i = 0; i < LIMITS; i++) {
      const T wanting = limits[i].aim - limits[i].sign * acceleration[joint[i]];
      const T weight = select(wanting > T(0.0), limits[i].weight, T(0.0));
      is_new = is_new | (weight != pushes[i]);
      pushes[i] = weight;
      added[joint[i]] = added[joint[i]] + weight;
      total[joint[i]] = total[joint[i]] + limits[i].sign * weight * limits[i].aim;
    }
    if (!any(is_new)) break;
    solve(inertia, added, total, acceleration);
  }
  UNROLL for (int i = 0; i < NV; i++) total[i] = total[i] - added[i] * acceleration[i];
}

}  // namespace arm
