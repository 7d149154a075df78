"""How long trainings take here, and how they are cut to end in time."""
