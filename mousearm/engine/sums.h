// Compensated sums (Kahan 1965): positions and velocities of a control step, of which float would lose a digit otherwise.
namespace arm {

// What rounding has added too much so far; less than 0 where it took away.
template<class T> struct Excess {
  T q[NV], v[NV];
};

template<class T> INLINE void add(T& sum, T term, T& excess) {
  const T before = sum, wanted = term - excess;
  sum = before + wanted;
  excess = (sum - before) - wanted;
}

}  // namespace arm
