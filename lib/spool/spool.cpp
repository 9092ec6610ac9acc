#include "lib/spool/spool.hpp"
